import { explainUndo } from "../explain.ts";
import type { Texts } from "../languages/en.ts";
import { tell } from "./notices.tsx";

/** Says that something was done, with a button that takes it back; what keeps that from being done is told as well. */
export function tellWithUndo(text: string, texts: Texts, takeBack: () => Promise<unknown>): void {
  tell(text, () => void takeBack().catch((error) => tell(explainUndo(error, texts))));
}
