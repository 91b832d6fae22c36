const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Base64url (RFC 4648 §5) without padding. By hand, because not every JavaScript engine on a phone has `btoa` and `atob`. */
export function encodeBase64url(buffer: ArrayBuffer | Uint8Array): string {
  let [bits, count, text] = [0, 0, ""];
  for (const byte of new Uint8Array(buffer)) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 6; count -= 6) text += alphabet[(bits >> (count - 6)) & 63];
  }
  return count > 0 ? text + alphabet[(bits << (6 - count)) & 63] : text;
}

/** The bytes of a text in base64url, each as a character; of any other text, any bytes. */
export function decodeBase64url(text: string): string {
  let [bits, count, bytes] = [0, 0, ""];
  for (const letter of text) {
    bits = (bits << 6) | toSextet(letter.charCodeAt(0));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += String.fromCharCode((bits >> count) & 255);
    }
  }
  return bytes;
}

const toSextet = (code: number): number =>
  code > 96 ? code - 71 : code > 94 ? 63 : code > 64 ? code - 65 : code > 47 ? code + 4 : 62;
