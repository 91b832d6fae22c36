/** A text for a count, in each form that its language has (Unicode's plural rules, CLDR). `{count}` stands for the number. */
export type Plural = { readonly [Form in Intl.LDMLPluralRule]?: string } & { readonly other: string };

/** Says of the forms of a text that other languages may have others. */
export const plural = (forms: Plural): Plural => forms;
