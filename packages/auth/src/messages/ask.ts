/** Somebody who asks for a message. */
interface AnyAsk {
  /** Where they call from, as limits count it; null when nothing is known of it. */
  readonly network: string | null;
  readonly isKnownDevice: boolean;
  /** Whether a message goes out if nothing refuses it. The verdict is the same without. */
  readonly isSent: boolean;
}

/** Somebody who asks for a message to a phone number. */
export interface Ask extends AnyAsk {
  /** E.164; of a decoy, whatever was typed. */
  readonly number: string;
  /** Whether it stands for the number of an account that is not there: counted like any other, and sent nothing. */
  readonly isDecoy?: boolean;
}

/** Somebody who asks for a message to an e-mail address. */
export interface EmailAsk extends AnyAsk {
  /** Canonical; of a decoy, whatever was typed. */
  readonly address: string;
}
