import { AsyncLocalStorage } from "node:async_hooks";

/** What a page finds in its surroundings that a simulation decides. */
export interface TabGlobals {
  /** The device's clock. */
  now(): number;
  random(): number;
  /** Calls back once the clock has moved on so far. Answers how to stop that. */
  after(milliseconds: number, callback: () => void): () => void;
}

const surroundings = new AsyncLocalStorage<TabGlobals>();

/** Runs a page's code, and all that it sets going, with a clock, dice and timers of its own. */
export function runInTab<T>(globals: TabGlobals, run: () => T): T {
  return surroundings.run(globals, run);
}

/** Makes {@link runInTab} work until it is disposed of. Code outside any tab notices nothing. */
export function installTabGlobals(): Disposable {
  const { now } = Date;
  const { random } = Math;
  const { setTimeout, clearTimeout } = globalThis;
  const cancellations = new WeakMap<NodeJS.Timeout, () => void>();

  /** A handle that only tells one timer from another. */
  const createHandle = (cancel: () => void): NodeJS.Timeout => {
    const handle = setTimeout(() => {}, 0);
    clearTimeout(handle);
    cancellations.set(handle, cancel);
    return handle;
  };
  const setTimeoutHere = <Args extends unknown[]>(
    callback: (...args: Args) => void,
    milliseconds?: number,
    ...args: Args
  ): NodeJS.Timeout => {
    const tab = surroundings.getStore();
    if (!tab) return setTimeout(callback, milliseconds, ...args);
    const run = () => callback(...args);
    if (milliseconds) return createHandle(tab.after(milliseconds, run));
    const immediate = setImmediate(run);
    return createHandle(() => clearImmediate(immediate));
  };

  Date.now = () => surroundings.getStore()?.now() ?? now();
  Math.random = () => surroundings.getStore()?.random() ?? random();
  globalThis.setTimeout = Object.assign(setTimeoutHere, setTimeout);
  globalThis.clearTimeout = (handle) => {
    if (typeof handle === "object") cancellations.get(handle as NodeJS.Timeout)?.();
    clearTimeout(handle);
  };
  return {
    [Symbol.dispose]() {
      Object.assign(Date, { now });
      Object.assign(Math, { random });
      Object.assign(globalThis, { setTimeout, clearTimeout });
    },
  };
}
