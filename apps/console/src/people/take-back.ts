/** What the fields held that somebody has just changed. */
export type Former = Readonly<Record<string, unknown>>;

/**
 * Whether a change of an account can be taken back by writing what was there before: no consent is given in another's name, and of a number
 * or an address that is not shown whole nobody knows what to write.
 */
export function canTakeBack(former: Former, { seesContact }: { readonly seesContact: boolean }): boolean {
  const isHidden = (name: string) => !seesContact && (former[name] ?? null) !== null;
  return !("isApprovedToBeInTouch" in former || isHidden("phoneNumber") || isHidden("email"));
}
