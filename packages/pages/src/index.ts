export { createPages, type Pages, type PagesOptions } from "./create-pages.ts";
