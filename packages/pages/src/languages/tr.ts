import { type Catalogue, en } from "./en.ts";

export const tr: Catalogue = en;
