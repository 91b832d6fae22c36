/**
 * Between the tabs of the console: somebody is back from the service's own pages, from signing in or from showing that it is them.
 */
const channel = new BroadcastChannel("latchkey-console");

export const tellBack = (): void => channel.postMessage("back");

/** Calls back when somebody is back. Answers how to stop that. */
export function onBack(listener: () => void): () => void {
  channel.addEventListener("message", listener);
  return () => channel.removeEventListener("message", listener);
}

/** Calls back when this tab is looked at again. Answers how to stop that. */
export function onLook(listener: () => void): () => void {
  const onChange = () => document.visibilityState === "visible" && listener();
  document.addEventListener("visibilitychange", onChange);
  return () => document.removeEventListener("visibilitychange", onChange);
}
