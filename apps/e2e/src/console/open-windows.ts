import type { Page } from "playwright-core";
import type { Texts } from "../../../console/src/languages/en.ts";
import type { Person } from "../permissions/accounts-in-core.ts";

/** How one comes to what is over a page: the path of that page, and what is pressed there. */
export type OpenWindow = readonly [path: string, open: (page: Page) => Promise<void>];

/** The paths of the screens that there are for whoever may do everything, but those of one person. */
export const screens = [
  "overview",
  "people",
  "people/imported",
  "groups",
  "messages",
  "audit",
  "keys",
  "settings",
  "health",
] as const;

const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).first().click();

/** What is kept to look alike: a few of each kind. */
export const shownWindows = (texts: Texts, { id }: Person): Readonly<Record<string, OpenWindow>> => ({
  "person-edit": [`/people/${id}`, (page) => press(page, texts.edit)],
  "person-unsaved": [`/people/${id}`, (page) => leaveTyped(page, texts)],
  "person-acts": [`/people/${id}`, (page) => press(page, texts.acts.menu)],
  "person-delete": [`/people/${id}`, (page) => chooseAct(page, texts, "delete")],
  "people-create": ["/people", (page) => press(page, texts.people.create)],
  "people-none": [
    "/people",
    async (page) => {
      await page.getByLabel(texts.people.search, { exact: true }).fill("nobody_at_all");
      await page.getByText(texts.people.none).waitFor();
    },
  ],
  "group-create": ["/groups", (page) => press(page, texts.groups.create)],
  "account-menu": ["/health", (page) => press(page, "boss")],
  "audit-export": ["/audit", (page) => press(page, texts.audit.export)],
  "keys-rotate": ["/keys", (page) => press(page, texts.keys.rotate)],
});

/** Every dialog, menu and list that can be over a page, for whoever may do everything. */
export const allWindows = (texts: Texts, person: Person): Readonly<Record<string, OpenWindow>> => {
  const path = `/people/${person.id}`;
  const questions = ["unlock", "newPassword", "disable"] as const;
  const asked = questions.map((act): [string, OpenWindow] => [
    `person-${act}`,
    [path, (page) => chooseAct(page, texts, act)],
  ]);
  return {
    ...shownWindows(texts, person),
    ...Object.fromEntries(asked),
    "person-code": [path, (page) => makeCode(page, texts)],
    "person-gender": [path, (page) => openChoice(page, texts)],
    "person-groups": [path, (page) => editIn(page, texts.grants.groups, texts)],
    "person-permissions": [path, (page) => editIn(page, texts.grants.permissions, texts)],
    "session-end": [path, (page) => page.getByRole("button", { name: texts.sessions.end }).first().click()],
    "sessions-end": [path, (page) => press(page, texts.sessions.endAll)],
    "people-status": ["/people", (page) => page.locator(".chooser").first().click()],
    "group-edit": [
      "/groups",
      (page) =>
        page
          .getByRole("button", { name: `${texts.edit}: ` })
          .first()
          .click(),
    ],
    "group-delete": [
      "/groups",
      (page) =>
        page
          .getByRole("button", { name: `${texts.acts.delete.act}: ` })
          .first()
          .click(),
    ],
    "audit-event": ["/audit", (page) => page.locator(".chooser").first().click()],
    "audit-details": ["/audit", (page) => page.locator(".events summary").first().click()],
    "messages-country": ["/messages", (page) => page.locator(".chooser").first().click()],
    "keys-compromised": ["/keys", (page) => tellOfTheft(page, texts)],
  };
};

/** What is there on wide screens alone. */
export const wideWindows = (texts: Texts): Readonly<Record<string, OpenWindow>> => ({
  "people-columns": ["/people", (page) => press(page, texts.people.columns)],
});

async function chooseAct(page: Page, texts: Texts, act: Exclude<keyof Texts["acts"], "menu">): Promise<void> {
  await press(page, texts.acts.menu);
  await page.getByRole("menuitem", { name: texts.acts[act].name, exact: true }).click();
  await page.getByRole(act === "code" ? "dialog" : "alertdialog").waitFor();
}

async function makeCode(page: Page, texts: Texts): Promise<void> {
  await chooseAct(page, texts, "code");
  await press(page, texts.acts.code.act);
  await page.locator(".handed-code").waitFor();
}

async function leaveTyped(page: Page, texts: Texts): Promise<void> {
  await press(page, texts.edit);
  await page.getByLabel(texts.fields.city).fill("Ankara");
  await page.keyboard.press("Escape");
  await page.getByRole("alertdialog", { name: texts.unsaved.title }).waitFor();
}

async function openChoice(page: Page, texts: Texts): Promise<void> {
  await press(page, texts.edit);
  await page.getByRole("dialog").locator(".chooser").click();
  await page.getByRole("listbox").waitFor();
}

async function tellOfTheft(page: Page, texts: Texts): Promise<void> {
  await press(page, texts.keys.rotate);
  await page.getByText(texts.keys.compromised).click();
}

async function editIn(page: Page, region: string, texts: Texts): Promise<void> {
  await page.getByRole("region", { name: region, exact: true }).getByRole("button", { name: texts.edit }).click();
  await page.getByRole("dialog").waitFor();
}
