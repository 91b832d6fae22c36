import { type Catalogue, en } from "./en.ts";

export const ptBR: Catalogue = en;
