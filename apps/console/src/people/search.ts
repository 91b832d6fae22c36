/** What people are searched by. */
export const searchable = ["username", "phoneNumber", "email", "externalId"] as const;
export type SearchBy = (typeof searchable)[number];

export const isSearchBy = (text: string | undefined): text is SearchBy => searchable.some((by) => by === text);

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

export const isId = (text: string): boolean => uuid.test(text.trim());

/** What somebody most likely means by what they typed: digits of any script are a number, an `@` makes an address. */
export function guessBy(typed: string): SearchBy {
  const text = typed.normalize("NFKC").trim();
  if (text.includes("@")) return "email";
  return /^[+(]?\p{Nd}[\p{Nd}\s().+/-]*$/u.test(text) || text.startsWith("+") ? "phoneNumber" : "username";
}
