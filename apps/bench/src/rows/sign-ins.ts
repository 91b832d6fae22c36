import { availableParallelism } from "node:os";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import { password } from "../seeding/seed.ts";
import type { Row } from "./row.ts";

/** Sign-ins, against nothing but the hashes that they take, as many at once. */
export const signIns: Row = {
  name: "sign-ins",
  async measure(bench) {
    const { service, usernames } = await bench.places.everyday();
    const { cost, signIns: count, repetitions, seconds } = bench.sizes;
    const concurrency = availableParallelism();
    const hashing = await bench.startHashing();
    // Some wait at the gate at any time, as at a busy hour: it never runs dry, not even at the end, where one core after the
    // other would come to rest.
    const connections = concurrency * 4;
    const crowd = await bench.invite({ url: service.url, connections, plan: { kind: "signIn", usernames, password } });
    const rush = { seconds: seconds * 4, warmUp: seconds / 2 };
    const figures = await interleave(repetitions * 2, {
      measured: async () => requireAnswered(await crowd.run(rush)).perSecond,
      reference: () => hashing.ask("run", { cost, hashes: count, concurrency }),
    });
    await Promise.all([crowd.close(), hashing.stop()]);
    const what = `sign-ins against bare hashes, cost ${cost}, on ${concurrency} cores`;
    return [
      compare({ row: "sign-ins", what, unit: "sign-ins/s", target: { atLeast: 0.95 } }, figures, (figure) => figure),
    ];
  },
};
