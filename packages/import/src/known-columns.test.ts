import { expect, test } from "vitest";
import { createColumns, guessField, suggestField } from "./known-columns.ts";

test("of a column beside the users it is seen by which field somebody may be found, whatever words stand around it", () => {
  const of = (...columns: string[]) => columns.map((column) => [column, guessField(`shop_customer.${column}`)]);
  expect(
    of("msisdn", "telephone", "tel", "gsm_no", "mobilePhone", "phone_2", "contact_email", "mail", "login", "city"),
  ).toEqual([
    ["msisdn", "phoneNumber"],
    ["telephone", "phoneNumber"],
    ["tel", "phoneNumber"],
    ["gsm_no", "phoneNumber"],
    ["mobilePhone", "phoneNumber"],
    ["phone_2", "phoneNumber"],
    ["contact_email", "email"],
    ["mail", "email"],
    ["login", "username"],
    ["city", "city"],
  ]);
  const others = [
    "phone_verified_at",
    "email_token",
    "login_count",
    "isStaff",
    "password",
    "points",
    "hotel",
    "cancelled",
  ];
  for (const column of others) expect(guessField(column), column).toBeNull();
  expect(["active", "gsm_no", "points"].map(suggestField)).toEqual(["isActive", "phoneNumber", "FIELD"]);
});

test("of a column that nobody has decided it is said whether another one has its field already", () => {
  const columns = createColumns({ map: {}, drop: [], ownFields: [] });
  for (const name of ["phone", "mobile", "points"]) columns.fieldOf(name);
  columns.noteSecond("mobile");
  columns.note("points");
  expect(columns.undecided()).toEqual([
    { column: "points", filled: 1, isSecond: false },
    { column: "mobile", filled: 1, isSecond: true },
  ]);
});
