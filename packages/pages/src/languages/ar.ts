import { type Catalogue, en } from "./en.ts";

export const ar: Catalogue = en;
