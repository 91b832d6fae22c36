/** Such as `30 seconds` or `30 days`, in the reader's language. */
export function spellSeconds(seconds: number, tag: string): string {
  const [value, unit] =
    seconds < 90
      ? [seconds, "second"]
      : seconds < 5_400
        ? [Math.ceil(seconds / 60), "minute"]
        : seconds < 172_800
          ? [Math.ceil(seconds / 3_600), "hour"]
          : [Math.round(seconds / 86_400), "day"];
  return new Intl.NumberFormat(tag, { style: "unit", unit: String(unit), unitDisplay: "long" }).format(Number(value));
}
