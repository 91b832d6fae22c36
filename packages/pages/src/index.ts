export { assetFolder } from "./brand.ts";
export { createPages, type Pages, type PagesOptions, pagePaths } from "./create-pages.ts";
