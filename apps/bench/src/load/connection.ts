import { platform } from "node:os";
import { Client, type Dispatcher } from "undici";
import type { Call, Visitor } from "./virtual-user.ts";

export interface Answered {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly milliseconds: number;
}

/** One connection that is kept open, and the visitor who calls over it, one call at a time. */
export class Connection {
  isBusy = false;
  readonly #client: Client;
  readonly #visitor: Visitor;

  constructor(url: string, number: number, visitor: Visitor) {
    this.#client = new Client(url, { pipelining: 1, ...sourceAddress(number) });
    this.#visitor = visitor;
  }

  /** Makes the visitor's next call. */
  call(done: (answered: Answered) => void): void {
    const { take, ...call } = this.#visitor();
    this.isBusy = true;
    const startedAt = performance.now();
    const finish = (status: number) => {
      this.isBusy = false;
      done({ status, milliseconds: performance.now() - startedAt });
    };
    this.#client.dispatch(call, take ? new Reading(finish, take) : new Counting(finish));
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }
}

/**
 * Every connection comes from an address of its own, as people do, so that limits for an address meet each alone. On Linux all of
 * 127.0.0.0/8 is this machine.
 */
function sourceAddress(number: number): { localAddress?: string } {
  if (platform() !== "linux") return {};
  return { localAddress: `127.${1 + (number % 250)}.${1 + (Math.floor(number / 250) % 250)}.1` };
}

/** Looks at nothing of an answer but its status and its end. */
class Counting implements Dispatcher.DispatchHandler {
  protected readonly finish: (status: number) => void;
  protected status = 0;

  constructor(finish: (status: number) => void) {
    this.finish = finish;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, _chunk: Buffer): void {}

  onResponseEnd(): void {
    this.finish(this.status);
  }

  onResponseError(): void {
    this.finish(0);
  }
}

class Reading extends Counting {
  readonly #chunks: Buffer[] = [];
  readonly #take: NonNullable<Call["take"]>;

  constructor(finish: (status: number) => void, take: NonNullable<Call["take"]>) {
    super(finish);
    this.#take = take;
  }

  override onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  override onResponseEnd(): void {
    if (this.status === 200) this.#take(Buffer.concat(this.#chunks).toString());
    super.onResponseEnd();
  }
}
