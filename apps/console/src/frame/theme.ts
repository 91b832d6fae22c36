import { readRemembered, remember } from "../parts/remembered.ts";
import { createStore, useStore } from "../store.ts";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "latchkey-console-look";
const isTheme = (value: string | null): value is Theme => themes.some((theme) => theme === value);

const chosen = createStore<Theme>("system");

export const useTheme = (): Theme => useStore(chosen);

function show(theme: Theme): void {
  chosen.set(theme);
  document.documentElement.dataset.theme = theme;
}

export function startTheme(): void {
  const stored = readRemembered(key);
  show(isTheme(stored) ? stored : "system");
}

export function setTheme(theme: string): void {
  if (!isTheme(theme)) return;
  remember(key, theme);
  show(theme);
}
