import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { shareOut } from "../testing/index.ts";
import { foldPassword, listCommonPasswords } from "./common-passwords.ts";
import { checkPassword } from "./policy.ts";

const commonPasswords = await listCommonPasswords();

const identifiers = [
  "mehmet.yilmaz",
  "+905321234567",
  "mehmet_y@example.org",
  "Mehmet",
  "İpek-Yılmaz",
  "小明",
  "Q",
  "",
  null,
];

async function reasonFor(password: string, minLength = 8) {
  const rejection = await checkPassword(password, { minLength, identifiers, serviceNames: ["Acme Portal"] });
  return rejection?.reason ?? null;
}

test("plain letters are folded as they are beside others", () => {
  for (let code = 0; code < 128; code += 1) {
    const text = `${String.fromCharCode(code)}Q9`;
    expect(`e${foldPassword(text)}`).toBe(foldPassword(`É${text}`));
  }
});

describe("refused, with the reason", () => {
  test.each([
    ["a NUL", "correct\0horse", "invalid_characters"],
    ["a lone high surrogate", "correct horse\ud800", "invalid_characters"],
    ["a lone low surrogate", "\udc00correct horse", "invalid_characters"],
    ["nothing", "", "too_short"],
    ["seven letters", "zq7!kdw", "too_short"],
    ["four emoji, which are eight code units", "🔑🦊🐸🌵", "too_short"],
    ["seven letters with accents typed apart", "e\u0301".repeat(7), "too_short"],
    ["257 code points", "锁匠".repeat(128).concat("把"), "too_long"],
    ["the commonest of eight", "password", "too_common"],
    ["a common one in another case", "QwErTyUiOp", "too_common"],
    ["a common one of fifteen and more", "passwordpassword", "too_common"],
    ["one character repeated", "zzzzzzzzzzzz", "too_common"],
    ["one character outside the list repeated", "锁锁锁锁锁锁锁锁", "too_common"],
    ["counting down", "87654321", "too_common"],
    ["the alphabet", "ABCDEFGHIJ", "too_common"],
    ["a common one in full width", "ｐａｓｓｗｏｒｄ", "too_common"],
    ["a common one with a digit", "baseball7", "too_common"],
    ["a common one with an exclamation mark", "baseball!", "too_common"],
    ["a common one with both", "Baseball1!", "too_common"],
    ["a common one counted", "monkey12345", "too_common"],
    ["a common one with a year", "dragon2026", "too_common"],
    ["a common one with a year and a sign", "Summer2025!", "too_common"],
    ["a common one behind a year", "1984dragon", "too_common"],
    ["a common one between", "!!dragon123", "too_common"],
    ["a common one twice", "monkeymonkey", "too_common"],
    ["a common one twice, and a year", "monkeymonkey2020", "too_common"],
    ["a row of keys with a sign", "qwertyuiop!", "too_common"],
    ["a row of digits with a sign", "123456789!", "too_common"],
    ["a word with what composition rules ask for", "Password123!", "too_common"],
    ["a word with its letters put as signs", "P@ssw0rd!", "too_common"],
    ["a Turkish club with its year", "galatasaray1905", "too_common"],
    ["a Turkish club with a year of history", "galatasaray1453", "too_common"],
    ["a word and a sign of another keyboard", "şifrem123€", "too_common"],
    ["a word and a face", "motdepasse😀", "too_common"],
    ["a Persian word", "گذرواژه۱۲۳", "too_common"],
    ["a Bulgarian word", "парола2024", "too_common"],
    ["Korean on a Latin keyboard", "dkssud123!", "too_common"],
    ["one of a breach", "g00dPa$$w0rD", "breached"],
    ["one of a breach in another case", "G00DPA$$W0RD", "breached"],
    ["a Turkish club", "galatasaray", "too_common"],
    ["a Turkish club in capitals with its year", "GALATASARAY1905", "too_common"],
    ["a Turkish password", "şifre1234", "too_common"],
    ["a Turkish password in capitals", "ŞİFRE1234", "too_common"],
    ["a Turkish password typed without its letters", "sifre123", "too_common"],
    ["Turkish love", "Aşkım123", "too_common"],
    ["a French password", "motdepasse", "too_common"],
    ["a French keyboard", "azertyuiop1", "too_common"],
    ["a German password", "Passwort1!", "too_common"],
    ["a German keyboard", "qwertz123", "too_common"],
    ["a Spanish password", "contraseña1", "too_common"],
    ["a Portuguese password", "minhasenha", "too_common"],
    ["a Polish password", "hasło123", "too_common"],
    ["a Russian password", "пароль123", "too_common"],
    ["a Russian keyboard", "Йцукенг1", "too_common"],
    ["a Russian password on a Latin keyboard", "gfhjkm123", "too_common"],
    ["an Arabic password", "كلمةالسر1", "too_common"],
    ["a Persian one with Persian digits", "سلام۱۲۳۴", "too_common"],
    ["a Chinese number of love", "woaini5201314", "too_common"],
    ["a Japanese password in half width", "ﾊﾟｽﾜｰﾄﾞ123", "too_common"],
    ["a year twice", "19841984", "too_common"],
    ["a syllable again and again", "lalalalala", "too_common"],
    ["a row of digits and a letter", "987654321q", "too_common"],
    ["the service", "latchkey", "contains_identifier"],
    ["the service, decorated", "Latch-Key2026", "contains_identifier"],
    ["another name of the service", "AcmePortal!", "contains_identifier"],
    ["the username", "mehmet.yilmaz", "contains_identifier"],
    ["the username in another case, with a year", "MehmetYilmaz1984", "contains_identifier"],
    ["a part of the username with a year", "1984yilmaz", "contains_identifier"],
    ["two names at once", "yilmaz&ipek!!", "contains_identifier"],
    ["a name twice", "mehmetMEHMET", "contains_identifier"],
    ["a name with its Turkish letter", "İPEK1234", "contains_identifier"],
    ["a Chinese name of two characters, four times", "小明小明小明小明", "contains_identifier"],
    ["the phone number", "+905321234567", "contains_identifier"],
    ["the phone number as one says it at home", "0532 123 45 67", "contains_identifier"],
    ["the part of the e-mail address before the @", "mehmet_y", "contains_identifier"],
  ])("%s", async (_title, password, reason) => {
    expect(await reasonFor(password)).toBe(reason);
  });

  it("never repeats the password, and tells a person what to do", async () => {
    const rejection = await checkPassword("zq7!kdw", { minLength: 15, identifiers: [] });
    expect(rejection).toEqual({ reason: "too_short", message: "Use 15 characters or more" });
  });

  for (const { tags, cases } of shareOut(commonPasswords, 8))
    it("each of the common passwords, at any minimum length", { tags }, async () => {
      for (const password of cases) {
        expect(["too_common", "invalid_characters"]).toContain(await reasonFor(password.toUpperCase(), 6));
      }
    });

  it("and with what people add to them", async () => {
    const ofSix = commonPasswords.filter((_, index) => index % 97 === 0);
    for (const password of ofSix) {
      for (const decorated of [`${password}1!`, `${password}123`, `${password}2024`, `1${password}`, `${password}!`]) {
        expect([decorated, await reasonFor(decorated, 6)]).toEqual([decorated, "too_common"]);
      }
    }
  });

  it("the 3,000 commonest that eight characters let through", () => {
    const long = commonPasswords.filter((password) => password.length >= 8);
    expect(long.length).toBeGreaterThanOrEqual(3000);
    for (const famous of ["12345678", "password1", "iloveyou", "qwerty123", "p@ssw0rd", "1q2w3e4r"])
      expect(long).toContain(famous);
  });
});

describe("accepted", () => {
  test.each([
    ["eight letters, and no other kind of character", "zqkdwvhx"],
    ["eight emoji", "🔑🦊🐸🌵🍋🚲🎻🧭"],
    ["64 characters", "rivers of tin ".repeat(5).slice(0, 64)],
    ["256 Chinese characters", "锁匠".repeat(128)],
    ["white space at its ends", "  xkqz  w "],
    ["a common word inside a longer phrase", "password of the lost lighthouse"],
    ["a name inside a longer phrase", "mehmet eats lemons daily"],
    ["a common word with digits that are no year and no count", "dragon7391"],
    ["a common word with a letter", "dragonk!x"],
    ["two common words", "dragonbaseball"],
    ["a syllable too often to be a habit", "kozu".repeat(6)],
    ["separators only, near no name", "-_. -/ +"],
    ["a name of one letter", "Q7kzdwvh"],
  ])("%s", async (_title, password) => {
    expect(await reasonFor(password)).toBeNull();
  });

  it("as long as the setting says", async () => {
    expect(await reasonFor("zqkdwvhxzqkdwv", 15)).toBe("too_short");
    expect(await reasonFor("zqkdwvhxzqkdwvh", 15)).toBeNull();
    expect(await reasonFor("zqkdwv", 6)).toBeNull();
  });
});

for (const { tags, cases } of shareOut([10, 50], 2))
  it.each(cases)(
    "answers for any text and any identifiers, and never throws: %i of them",
    { tags },
    async (numRuns) => {
      const text = fc.string({ unit: "binary", maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(text, fc.array(text, { maxLength: 4 }), async (password, names) => {
          const rejection = await checkPassword(password, { minLength: 8, identifiers: names });
          expect(rejection === null || rejection.message.length > 0).toBe(true);
        }),
        { numRuns },
      );
    },
  );
