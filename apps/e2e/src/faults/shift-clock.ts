// Loaded before the code of a process: it shifts what that process, and no other, takes for the time by `CLOCK_OFFSET` seconds.

const offset = Number(process.env.CLOCK_OFFSET) * 1000;
const RealDate = Date;
const now = () => RealDate.now() + offset;

globalThis.Date = new Proxy(RealDate, {
  construct: (date, given, newTarget) => Reflect.construct(date, given.length === 0 ? [now()] : given, newTarget),
  get: (date, name, receiver) => (name === "now" ? now : Reflect.get(date, name, receiver)),
});

export {};
