/** How the service's own pages look and speak. */
export interface PagesConfig {
  /** What people know the product by; `Latchkey` if not said. */
  readonly name?: string;
  /** The file of a logo: SVG, PNG, JPEG or WebP. Without one, the first letter of the name stands there. */
  readonly logo?: string;
  /** Such as `#1f5f5b`: buttons have it, and text and lines a shade of it that can be read. */
  readonly colour?: string;
  /** Where people go who sign in without having come from somewhere: a path of the same origin. Their account if not said. */
  readonly home?: string;
  /** Texts of your own in place of those of the pages, by language; `fields` names the profile fields that you declare. */
  readonly texts?: Readonly<Record<string, PagesTexts>>;
}

export type PagesTexts = Readonly<Record<string, string | Readonly<Record<string, string>>>>;
