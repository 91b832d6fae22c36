import type { Document } from "./document.ts";

/** The document as it is committed. */
export const format = (document: Document): string => `${JSON.stringify(document, null, 2)}\n`;
