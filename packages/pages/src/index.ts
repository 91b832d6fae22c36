export { assetFolder } from "./brand.ts";
export { createPages, type Pages, type PagesOptions, pagePaths } from "./create-pages.ts";
export { reportingTo, violationsPath } from "./violations.ts";
