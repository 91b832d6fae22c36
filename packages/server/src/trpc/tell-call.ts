/** A call of a procedure that has ended, also one of a batch. */
export interface EndedCall {
  /** Such as `token.obtain`. */
  readonly path: string;
  /** Why it was refused, or that it failed; null where it was answered. */
  readonly error: unknown;
}

/** Told of each call that has ended; for whoever counts. It must not throw. */
export type TellCall = (call: EndedCall) => void;

/** Runs a call, and tells what came of it. */
export function tellCall<Result extends { readonly ok: boolean }>(
  tell: TellCall | undefined,
  path: string,
  run: () => Promise<Result>,
): Promise<Result> {
  return tell ? runAndTell(tell, path, run) : run();
}

async function runAndTell<Result extends { readonly ok: boolean }>(
  tell: TellCall,
  path: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await run();
    tell({ path, error: "error" in result ? result.error : null });
    return result;
  } catch (error) {
    tell({ path, error });
    throw error;
  }
}
