import { expect, test } from "vitest";
import { createOnce, type KeptAnswer } from "./once.ts";

const answer = (body: string): KeptAnswer => ({ status: 200, headers: [], body });

test("the same form, sent while the first is under way and afterwards, is done once", async () => {
  const once = createOnce(() => 0);
  const [first, go] = [Promise.withResolvers<KeptAnswer>(), answer("done")];
  let done = 0;
  const work = () => {
    done += 1;
    return first.promise;
  };
  const both = [once(["/a", "1"], work), once(["/a", "1"], work)];
  first.resolve(go);
  expect(await Promise.all(both)).toEqual([go, go]);
  expect(await once(["/a", "1"], work)).toBe(go);
  expect(done).toBe(1);
});

test("another form, another browser, and the same one after a minute are done anew", async () => {
  let now = 0;
  const once = createOnce(() => now);
  const bodies: string[] = [];
  const send = async (...parts: string[]) => {
    bodies.push((await once(parts, async () => answer(String(bodies.length)))).body);
  };
  await send("/a", "cookie", "1");
  await send("/a", "cookie", "2");
  await send("/a", "other", "1");
  await send("/a", "cookie1", "");
  now = 60_001;
  await send("/a", "cookie", "1");
  expect(bodies).toEqual(["0", "1", "2", "3", "4"]);
});

test("a defect is not kept", async () => {
  const once = createOnce(() => 0);
  await expect(once(["x"], () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect((await once(["x"], async () => answer("good"))).body).toBe("good");
});

test("a form whose sender is to come again is done again when it is sent again", async () => {
  const once = createOnce(() => 0);
  const refusals = [429, 503].map((status) => ({ ...answer("come again"), status }));
  const answers = [...refusals, answer("good")];
  const work = async () => answers.shift() ?? answer("none");
  const both = await Promise.all([once(["x"], work), once(["x"], work)]);
  expect(both).toEqual([refusals[0], refusals[0]]);
  for (const expected of [refusals[1], answer("good"), answer("good")])
    expect(await once(["x"], work)).toEqual(expected);
});
