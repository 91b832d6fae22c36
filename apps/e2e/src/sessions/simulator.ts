import { isAuthError } from "@latchkey/client";
import {
  Browser,
  emptying,
  holdsSession,
  type NetworkRequest,
  type Occurrence,
  type Tab,
  userAgent,
} from "./browser.ts";
import { createDice, type Dice } from "./seeded-random.ts";
import { SessionModel, type Verdict } from "./session-model.ts";
import { lifetimes, username, type World } from "./simulation-environment.ts";
import { readRefreshToken } from "./stored-token.ts";

/** What became of the sessions of some simulations, to see that every case is among them. */
export interface Tally {
  simulations: number;
  refreshes: number;
  /** Refreshes that got the successor of one before, because an answer was lost or another tab had asked too. */
  repeats: number;
  lostAnswers: number;
  crashes: number;
  thefts: number;
  theftsNoticed: number;
  /** Refreshes beyond the grace time that were answered, because nobody had used the answer before. */
  lateAnswers: number;
  /** Times at which the database stood still and every answer under way was lost. */
  stalls: number;
  /** Sessions that ended because an answer was lost for too long, or with a password change. */
  unrepaired: number;
  ranOut: number;
  signOuts: number;
  passwordChanges: number;
  /** Sign-ins whose person asked for something else before they were answered. */
  overtakenSignIns: number;
}

export const emptyTally = (): Tally => ({
  simulations: 0,
  refreshes: 0,
  repeats: 0,
  lostAnswers: 0,
  crashes: 0,
  thefts: 0,
  theftsNoticed: 0,
  lateAnswers: 0,
  stalls: 0,
  unrepaired: 0,
  ranOut: 0,
  signOuts: 0,
  passwordChanges: 0,
  overtakenSignIns: 0,
});

/** Something happened that must not, with all that led to it. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly seed: number;

  constructor(seed: number, message: string, trace: readonly string[]) {
    const replay = `LATCHKEY_SEED=${seed} replays it alone`;
    super(`seed ${seed}: ${message} (${replay})\n  ${trace.join("\n  ")}`);
    this.seed = seed;
  }
}

/** Events in one simulation, before the network heals. */
const length = 28;
/** Tabs of one browser. A program with slow storage has it to itself. */
const mostTabs = 4;
/** Seconds after which the service gives up on a request that is still on its way. */
const requestTimeout = 20;
/** Seconds after which no back-off of the SDK lasts any longer. */
const longestBackOff = 13;

/**
 * One browser with several tabs, on a network that delays and loses what it likes, a clock that jumps, tabs that stop and crash,
 * and sometimes a thief; all of it decided by a seed. It fails as soon as the service, the storage or a tab does what it must
 * not:
 *
 * - The service answers each refresh token as the protocol prescribes: there is one token of each generation, the table knows the
 *   newest and the one before, and a session that ends for a token used twice is audited once.
 * - The storage never goes back to an older token.
 * - A tab signs its person out only when somebody asked for it, or the session is over. A session is over when it was signed out
 *   or ran out; when two people held its tokens; when the answer to a password change was lost; or when the service moved on, no
 *   answer reached a tab that lived to store it, and no tab asked again for a day.
 * - When the network is well again, every tab gets its answers; all tabs together move a session on once.
 * - A thief and the owner who take turns to refresh, minutes apart, have ended the session before the thief's second one.
 *
 * @throws Violation
 */
export async function simulate(world: World, seed: number, tally: Tally): Promise<void> {
  await world.reset();
  await new Simulation(world, seed, tally).run();
}

interface KnownToken {
  readonly session: SessionModel;
  readonly generation: number;
}

interface Outcome {
  readonly token?: string;
  readonly refreshToken?: string;
  readonly reason?: string;
}

/** What a thief has got hold of, and calls themselves. */
interface Loot {
  readonly refreshToken: string;
  /** Once they have refreshed. */
  readonly token?: string;
  readonly userAgent: string;
}

class Simulation {
  readonly #world: World;
  readonly #seed: number;
  readonly #tally: Tally;
  readonly #dice: Dice;
  readonly #browser: Browser;
  readonly #startedAt: number;
  readonly #mostTabs: number;
  readonly #isStorageSlow: boolean;
  readonly #trace: string[] = [];
  readonly #known = new Map<string, KnownToken>();
  readonly #sessions = new Map<string, SessionModel>();
  /** The session that the browser's storage should hold. */
  #session: SessionModel | null = null;
  /** Somebody signed out, here or elsewhere, or was signed out rightly. */
  #isSignedOut = true;
  /** Tabs that have signed out, of which the storage has not heard yet. */
  readonly #forgetting = new Set<Tab>();
  #stolen: Loot | null = null;
  /** Among the requests that are being answered at the same moment, one has ended the session. */
  #isEndingNow = false;
  #hasCrashed = false;
  #passwords = 0;
  #violation: Violation | null = null;

  constructor(world: World, seed: number, tally: Tally) {
    this.#world = world;
    this.#seed = seed;
    this.#tally = tally;
    this.#dice = createDice(seed);
    this.#startedAt = world.now();
    const isStorageSlow = this.#dice.roll() < 0.2;
    this.#isStorageSlow = isStorageSlow;
    this.#mostTabs = isStorageSlow ? 1 : mostTabs;
    this.#browser = new Browser({
      now: world.now,
      random: this.#dice.roll,
      isStorageSlow,
      onStored: (tab, before, after) => this.#checkStored(tab, before, after),
      onSignedOut: (tab) => this.#checkSignedOut(tab),
    });
  }

  async run(): Promise<void> {
    this.#tally.simulations += 1;
    await this.#open();
    await this.#signIn();
    for (let event = 0; event < length; event += 1) {
      await this.#dice.pick(this.#listEvents())();
      await this.#browser.settle();
      if (this.#violation) throw this.#violation;
    }
    await this.#heal();
    await this.#expectOneRotation();
    await this.#expectTheftNoticed();
    await this.#expectNothingLeftOpen();
  }

  #note(text: string): void {
    this.#trace.push(`+${this.#world.now() - this.#startedAt} s  ${text}`);
  }

  /** Code of tabs cannot throw at the simulation: it is told here and stops at its next step. */
  #fail(message: string): void {
    this.#violation ??= new Violation(this.#seed, message, this.#trace);
  }

  #expect(isTrue: boolean, message: string): void {
    if (!isTrue) this.#fail(message);
    if (this.#violation) throw this.#violation;
  }

  get #isOver(): boolean {
    return !this.#session || this.#session.isOver(this.#world.now());
  }

  // What can happen next, and how likely it is.

  #listEvents(): (readonly [weight: number, event: () => Promise<void>])[] {
    return [...this.#listAccidents(), ...this.#listDeeds(), ...this.#listArrivals()];
  }

  #listArrivals(): (readonly [number, () => Promise<void>])[] {
    const { requests, occurrences } = this.#browser;
    const sent = requests.filter((request) => !request.answer);
    const answered = requests.filter((request) => request.answer && !request.tab.isParked);
    const due = this.#listDue(occurrences);
    const refreshes = sent.filter((request) => request.procedure === "token.refresh");
    return [
      ...sent.flatMap((request): (readonly [number, () => Promise<void>])[] => [
        [4, () => this.#reachService([request])],
        [0.4, async () => this.#lose(request)],
      ]),
      ...answered.flatMap((request): (readonly [number, () => Promise<void>])[] => [
        [4, async () => this.#bringAnswer(request)],
        [0.6, async () => this.#lose(request)],
        [0.2, async () => this.#garble(request)],
      ]),
      ...due.map((one) => [3, async () => this.#letHappen(one)] as const),
      ...(refreshes.length > 1 ? [[6, () => this.#reachService(sameToken(refreshes))] as const] : []),
    ];
  }

  #listDue(occurrences: readonly Occurrence[]): Occurrence[] {
    const due = occurrences.filter(({ tab, notBefore }) => !tab.isParked && notBefore <= this.#world.now());
    // What one tab asked of a slow storage is done in that order.
    return due.filter((one) => one.what.startsWith("news") || due.find(({ tab }) => tab === one.tab) === one);
  }

  #listDeeds(): (readonly [number, () => Promise<void>])[] {
    const { awake } = this.#browser;
    const idle = awake.filter((tab) => tab.callsUnderWay < 3);
    const actions = idle.map((tab) => [3, async () => this.#call(tab)] as const);
    const [tab] = awake;
    if (!tab) return actions;
    if (this.#isSignedOut || this.#isOver) {
      return [
        ...actions,
        [1, () => this.#signIn()],
        [0.3, () => this.#signInTwice()],
        [0.2, () => this.#signInAndOut()],
      ];
    }
    return [
      ...actions,
      [0.3, async () => this.#changePassword(this.#pickTab(awake))],
      [0.15, async () => this.#signOut(this.#pickTab(awake))],
      [0.1, () => this.#signOutElsewhere()],
      [this.#stolen ? 0.6 : 0.25, () => this.#steal()],
      ...(this.#stolen?.token ? [[0.4, () => this.#callAsThief()] as const] : []),
    ];
  }

  #listAccidents(): (readonly [number, () => Promise<void>])[] {
    const { living, awake, requests } = this.#browser;
    const parked = living.filter((tab) => tab.isParked);
    return [
      [2, async () => this.#advance(this.#dice.between(1, 15))],
      [1.5, async () => this.#advance(this.#dice.between(25, 120))],
      [2, async () => this.#advance(this.#dice.between(840, 1_000))],
      [0.1, async () => this.#advance(this.#dice.between(2, 4) * 86_400)],
      [0.2, async () => this.#advance(this.#dice.between(1, 23) * 3_600)],
      ...(requests.length > 0 ? [[0.4, () => this.#stall()] as const] : []),
      ...(living.length < this.#mostTabs ? [[0.6, () => this.#open()] as const] : []),
      ...(awake.length > 0 ? [[0.6, () => this.#crash(this.#pickTab(awake))] as const] : []),
      ...(awake.length > 1 ? [[0.6, async () => this.#park(this.#pickTab(awake))] as const] : []),
      ...parked.map((tab) => [0.6, async () => this.#wake(tab)] as const),
      // A clock that jumps makes tabs refresh at once; were another tab's refresh on its way, that would be two within the grace time.
      ...(requests.length === 0 ? [[0.3, async () => this.#setDeviceClock()] as const] : []),
    ];
  }

  #pickTab(tabs: readonly Tab[]): Tab {
    return this.#dice.pick(tabs.map((tab) => [1, tab] as const));
  }

  // What happens.

  #advance(seconds: number): void {
    this.#world.advance(seconds);
    this.#note(`${seconds} s later`);
    for (const request of [...this.#browser.requests]) {
      if (!request.answer && this.#world.now() - request.sentAt >= requestTimeout) this.#lose(request);
    }
  }

  async #open(): Promise<void> {
    const tab = this.#browser.openTab();
    this.#note(`${tab.name} opens`);
    await this.#browser.settle();
  }

  async #crash(tab: Tab): Promise<void> {
    this.#tally.crashes += 1;
    this.#hasCrashed = true;
    this.#note(`${tab.name} crashes`);
    const isForgetting = this.#isForgetting(tab);
    this.#forgetting.delete(tab);
    this.#browser.crash(tab);
    // A sign-out that the storage had not heard of yet is lost with the tab.
    if (isForgetting && holdsSession(this.#browser.stored)) this.#isSignedOut = false;
    await this.#open();
  }

  #park(tab: Tab): void {
    this.#note(`${tab.name} is parked`);
    tab.isParked = true;
  }

  #wake(tab: Tab): void {
    this.#note(`${tab.name} wakes`);
    tab.isParked = false;
  }

  #setDeviceClock(): void {
    this.#browser.clockError = this.#dice.pick([
      [1, 0],
      [1, 86_400],
      [1, -86_400],
      [1, this.#dice.between(-600, 600)],
    ]);
    this.#note(`the device's clock is ${this.#browser.clockError} s wrong from now on`);
  }

  #call(tab: Tab): void {
    this.#note(`${tab.name} calls`);
    this.#start(tab, () => tab.client.api.me.get.query());
  }

  /** Has a tab's code begin something. What it comes to does not matter here: what must hold is checked where it happens. */
  #start(tab: Tab, begin: () => Promise<unknown>): void {
    tab.callsUnderWay += 1;
    const isDone = () => {
      tab.callsUnderWay -= 1;
    };
    this.#browser.run(tab, begin).then(isDone, isDone);
  }

  async #signIn(): Promise<void> {
    const tab = this.#pickTab(this.#browser.awake);
    await this.#finishStorageWork(tab);
    this.#note(`${tab.name} signs in`);
    const { password } = this.#world;
    // Nothing goes wrong here: a person tries until it works.
    this.#start(tab, () => tab.client.signIn({ username, password }));
    await this.#browser.settle();
    const request = this.#browser.requests.find((one) => one.tab === tab && one.procedure === "token.obtain");
    this.#expect(request !== undefined, "the SDK sends no sign-in");
    if (!request) return;
    await this.#reachService([request]);
    this.#bringAnswer(request);
    await this.#browser.settle();
    await this.#finishStorageWork(tab);
  }

  /** Has a tab sign in so many times at once. The service has answered all of it, and nothing has come back. */
  async #beginSignIns(tab: Tab, times: number): Promise<{ request: NetworkRequest; session: SessionModel | null }[]> {
    await this.#finishStorageWork(tab);
    this.#tally.overtakenSignIns += 1;
    const { password } = this.#world;
    for (let time = 0; time < times; time += 1) this.#start(tab, () => tab.client.signIn({ username, password }));
    await this.#browser.settle();
    const requests = this.#browser.requests.filter((one) => one.tab === tab && one.procedure === "token.obtain");
    this.#expect(requests.length === times, `the SDK sends ${requests.length} of ${times} sign-ins`);
    const begun: { request: NetworkRequest; session: SessionModel | null }[] = [];
    for (const request of requests) {
      await this.#reachService([request]);
      begun.push({ request, session: this.#session });
    }
    return begun;
  }

  /** As a page does whose effects run twice: the later sign-in stands, whichever is answered first. */
  async #signInTwice(): Promise<void> {
    const tab = this.#pickTab(this.#browser.awake);
    this.#note(`${tab.name} signs in twice at once`);
    const begun = await this.#beginSignIns(tab, 2);
    const last = begun.at(-1);
    for (const one of this.#dice.roll() < 0.5 ? begun : begun.toReversed()) {
      this.#session =
        one === begun[0] && this.#browser.requests.includes(last?.request ?? one.request)
          ? one.session
          : (last?.session ?? null);
      this.#bringAnswer(one.request);
      await this.#browser.settle();
      await this.#finishStorageWork(tab);
    }
  }

  /** Somebody changes their mind before they are in. */
  async #signInAndOut(): Promise<void> {
    const tab = this.#pickTab(this.#browser.awake);
    this.#note(`${tab.name} signs in, and out before that is answered`);
    const [begun] = await this.#beginSignIns(tab, 1);
    this.#signOut(tab);
    await this.#browser.settle();
    if (begun && this.#browser.requests.includes(begun.request)) this.#bringAnswer(begun.request);
    await this.#browser.settle();
    await this.#finishStorageWork(tab);
  }

  async #finishStorageWork(tab: Tab): Promise<void> {
    for (let due = this.#listDueOf(tab); due[0]; due = this.#listDueOf(tab)) {
      this.#letHappen(due[0]);
      await this.#browser.settle();
    }
  }

  #listDueOf(tab: Tab): Occurrence[] {
    return this.#listDue(this.#browser.occurrences).filter((one) => one.tab === tab);
  }

  #signOut(tab: Tab): void {
    this.#tally.signOuts += 1;
    this.#note(`${tab.name} signs out`);
    this.#isSignedOut = true;
    if (holdsSession(this.#browser.stored)) this.#forgetting.add(tab);
    this.#start(tab, () => tab.client.signOut());
  }

  async #signOutElsewhere(): Promise<void> {
    const token = this.#session?.texts.at(-1);
    if (!this.#session || token === undefined) return;
    this.#tally.signOuts += 1;
    this.#note("the session is signed out from elsewhere");
    await this.#world.signOutElsewhere(token);
    this.#session.ended = "signed_out";
  }

  #changePassword(tab: Tab): void {
    this.#passwords += 1;
    const newPassword = `battery horse ${this.#passwords}`;
    this.#note(`${tab.name} changes the password`);
    const input = { currentPassword: this.#world.password, newPassword };
    this.#start(tab, () => tab.client.api.me.changePassword.mutate(input));
  }

  /** Somebody reads the storage, and later uses what was in it, again and again. */
  async #steal(): Promise<void> {
    if (this.#stolen) return this.#refreshAsThief(this.#stolen);
    const refreshToken = readStored(this.#browser.stored);
    if (!refreshToken) return;
    this.#stolen = { refreshToken, userAgent: this.#dice.roll() < 0.7 ? userAgent : "curl/8.5.0" };
    this.#tally.thefts += 1;
    this.#note(`a thief copies ${this.#describe(refreshToken)}`);
  }

  async #refreshAsThief({ refreshToken, userAgent }: Loot): Promise<void> {
    const known = this.#known.get(refreshToken);
    if (known) known.session.isTheftUnderWay = true;
    const headers = new Headers({ "content-type": "application/json", "user-agent": userAgent });
    const body = JSON.stringify({ refreshToken });
    const answer = await this.#world.serve(0, { target: "/trpc/token.refresh", method: "POST", headers, body });
    const outcome = readOutcome(await answer.text());
    this.#note(`the thief presents ${this.#describe(refreshToken)}: ${outcome.reason ?? "ok"}`);
    await this.#checkRefresh({ refreshToken, userAgent }, outcome);
    if (outcome.reason !== "unavailable") this.#stolen = toLoot(outcome, userAgent);
    if (outcome.reason === "refresh_token_reused") this.#tally.theftsNoticed += 1;
  }

  async #callAsThief(): Promise<void> {
    const headers = new Headers({ authorization: `Bearer ${this.#stolen?.token}` });
    const answer = await this.#world.serve(1, { target: "/trpc/me.get", method: "GET", headers, body: null });
    const outcome = readOutcome(await answer.text());
    this.#note(`the thief calls: ${outcome.reason ?? "ok"}`);
    this.#checkAccess("the thief", headers, outcome);
  }

  // What the network does with a request.

  /** Requests arrive at the service, several at once on different cores. */
  async #reachService(requests: readonly NetworkRequest[]): Promise<void> {
    const first = this.#dice.between(0, this.#world.cores - 1);
    const answered = await Promise.all(
      requests.map(async (request, index) => {
        const answer = await this.#world.serve((first + index) % this.#world.cores, request);
        const text = await answer.text();
        request.answer = { status: answer.status, text };
        return { request, outcome: readOutcome(text) };
      }),
    );
    // Whichever of them ended the session was served before those that found it ended.
    const isEnd = ({ outcome }: { outcome: Outcome }) => outcome.reason === "refresh_token_reused";
    const inOrder = [...answered.filter(isEnd), ...answered.filter((one) => !isEnd(one))];
    for (const { request, outcome } of inOrder) await this.#checkAnswer(request, outcome);
    this.#isEndingNow = false;
  }

  #bringAnswer(request: NetworkRequest): void {
    const { status, text } = request.answer ?? { status: 500, text: "" };
    this.#note(`${request.tab.name} gets the answer ${describeRequest(request)}`);
    this.#browser.take(this.#browser.requests, request);
    const headers = { "content-type": "application/json" };
    request.settle.resolve(new Response(text, { status, headers }));
  }

  #lose(request: NetworkRequest): void {
    this.#tally.lostAnswers += request.answer ? 1 : 0;
    this.#note(`${request.answer ? "the answer is lost" : "the request is lost"} ${describeRequest(request)}`);
    this.#browser.take(this.#browser.requests, request);
    request.settle.reject(new TypeError("Failed to fetch"));
  }

  /** Somebody between answers in the service's place, as the networks of hotels and broken gateways do. */
  #garble(request: NetworkRequest): void {
    this.#tally.lostAnswers += 1;
    this.#note(`a page of the network comes in place of the answer ${describeRequest(request)}`);
    this.#browser.take(this.#browser.requests, request);
    const [status, text] = this.#dice.pick([
      [1, [200, "<html>Welcome to our hotel</html>"] as const],
      [1, [502, "<html>Bad gateway</html>"] as const],
      [1, [503, '{"error":{"message":"down"}}'] as const],
    ]);
    request.settle.resolve(new Response(text, { status }));
  }

  /** The database stands still for a while: what was asked of it is done at last, and nobody hears of it any more. */
  async #stall(): Promise<void> {
    this.#tally.stalls += 1;
    this.#note("the database stands still");
    for (const request of this.#browser.requests) if (!request.answer) await this.#reachService([request]);
    for (const request of [...this.#browser.requests]) {
      this.#browser.take(this.#browser.requests, request);
      request.settle.resolve(new Response('{"error":{"message":"down"}}', { status: 503 }));
    }
    this.#advance(45);
  }

  #letHappen(occurrence: Occurrence): void {
    this.#note(`${occurrence.tab.name} waited for ${occurrence.what}`);
    this.#browser.take(this.#browser.occurrences, occurrence);
    this.#browser.run(occurrence.tab, occurrence.happen);
  }

  // What must hold.

  async #checkAnswer(request: NetworkRequest, outcome: Outcome): Promise<void> {
    const presented = readPresented(request.body);
    const what = presented === null ? "" : ` with ${this.#describe(presented)}`;
    this.#note(`the service answers ${outcome.reason ?? "ok"} ${describeRequest(request)}${what}`);
    if (request.procedure === "token.refresh" && presented !== null) {
      this.#checkReuse(request, presented, outcome);
      await this.#checkRefresh({ refreshToken: presented, userAgent: request.headers.get("user-agent") }, outcome);
    }
    if (request.procedure === "token.obtain" && outcome.refreshToken) this.#welcome(outcome.refreshToken);
    if (request.procedure.startsWith("me.")) this.#checkAccess(request.tab.name, request.headers, outcome);
    if (request.procedure === "me.changePassword") await this.#checkPasswordChange(request, outcome);
    if (request.procedure === "token.revoke" && presented !== null) {
      const session = this.#known.get(presented)?.session;
      if (session && !session.isOver(this.#world.now())) session.ended = "signed_out";
    }
  }

  #welcome(refreshToken: string): void {
    this.#session = new SessionModel(refreshToken, this.#world.now(), lifetimes);
    this.#known.set(refreshToken, { session: this.#session, generation: 0 });
    this.#sessions.set(readRefreshToken(refreshToken).sessionId, this.#session);
    this.#isSignedOut = false;
    this.#stolen = null;
  }

  /** The browser is to blame for a token used twice, unless it could not know better. */
  #checkReuse({ tab, storedAtSend }: NetworkRequest, presented: string, { reason }: Outcome): void {
    const known = this.#known.get(presented);
    if (reason !== "refresh_token_reused" || !known || known.session.isTheftUnderWay) return;
    const isLast = known.generation === known.session.previous;
    // A storage that does not answer in time holds up nobody, so that a session can be more than one step ahead of it.
    const couldNotKnow = (isLast || this.#isStorageSlow) && readStored(storedAtSend) === presented;
    if (!couldNotKnow) this.#fail(`${tab.name} ended the session with a token that it need not have sent`);
    this.#tally.unrepaired += 1;
  }

  async #checkRefresh({ refreshToken, userAgent }: Presented, outcome: Outcome): Promise<void> {
    const known = this.#known.get(refreshToken);
    this.#expect(known !== undefined, "a refresh token is presented that nobody was given");
    if (!known) return;
    const { session } = known;
    const { generation: before, lateAnswers } = session;
    const verdict = session.present(known.generation, this.#world.now(), userAgent);
    this.#tally.refreshes += 1;
    this.#tally.lateAnswers += session.lateAnswers - lateAnswers;
    if ("generation" in verdict && session.generation === before) this.#tally.repeats += 1;
    await this.#checkVerdict(session, verdict, outcome);
  }

  /** An access token is as good as its session is at this moment. */
  #checkAccess(who: string, headers: Headers, { reason }: Outcome): void {
    const claims = readClaims(headers);
    const session = claims && this.#sessions.get(claims.sid.replaceAll("-", ""));
    const isOver = session?.isOver(this.#world.now()) ?? true;
    if (reason === undefined && isOver) this.#fail(`${who} is let in though its session is over`);
    if (reason === "session_ended" && !isOver) this.#fail(`${who} is told of the end of a good session`);
    // Other refusals, of a wrong password say, are of somebody who was let in.
    const isLetIn = reason === undefined || !tokenRefusals.includes(reason);
    if (claims && isLetIn) session?.use(Number.parseInt(claims.jti.slice(0, 8), 16));
  }

  #sessionOf(headers: Headers): SessionModel | undefined {
    return this.#sessions.get(readClaims(headers)?.sid.replaceAll("-", "") ?? "");
  }

  async #checkPasswordChange({ headers, body }: NetworkRequest, outcome: Outcome): Promise<void> {
    if (outcome.refreshToken === undefined) return;
    this.#tally.passwordChanges += 1;
    this.#world.password = (JSON.parse(body ?? "{}") as { newPassword: string }).newPassword;
    const session = this.#sessionOf(headers);
    this.#expect(session !== undefined, "a password changed without a session");
    for (const other of this.#sessions.values()) {
      if (other !== session && !other.isOver(this.#world.now())) other.ended = "password_changed";
    }
    if (session) await this.#checkVerdict(session, session.changePassword(this.#world.now()), outcome);
  }

  async #checkVerdict(session: SessionModel, verdict: Verdict, outcome: Outcome): Promise<void> {
    if ("reason" in verdict) {
      if (verdict.reason === "refresh_token_reused") this.#isEndingNow = true;
      const isTwin = this.#isEndingNow && outcome.reason === "refresh_token_reused";
      this.#expect(
        isTwin || outcome.reason === verdict.reason,
        `the service answered ${outcome.reason ?? "ok"}, not ${verdict.reason}`,
      );
    } else {
      const text = outcome.refreshToken ?? "";
      this.#expect(text !== "", `the service answered ${outcome.reason}, not token ${verdict.generation}`);
      session.texts[verdict.generation] ??= text;
      const only = session.texts[verdict.generation];
      this.#expect(only === text, `there are two tokens of generation ${verdict.generation}`);
      this.#known.set(text, { session, generation: verdict.generation });
    }
    await this.#checkTable(session);
  }

  async #checkTable(session: SessionModel): Promise<void> {
    const text = session.texts.at(-1) ?? "";
    const row = await this.#world.findSession(text);
    const previous = session.previous === null ? undefined : session.texts[session.previous];
    const hasNewest = row?.refreshHash.equals(readRefreshToken(text).hash);
    const hasPrevious = previous === undefined || row?.previousRefreshHash?.equals(readRefreshToken(previous).hash);
    this.#expect(hasNewest === true && hasPrevious === true, "the table has other generations than the last two");
    this.#expect(
      row?.isEnded === (session.ended !== null),
      `the table has the session ${row?.isEnded ? "ended" : "live"}`,
    );
    const events = session.ended === "refresh_token_reused" ? 1 : 0;
    this.#expect(row?.reuseEvents === events, `${row?.reuseEvents} events tell of a token used twice`);
    const { lateAnswers } = session;
    this.#expect(row?.lateEvents === lateAnswers, `${row?.lateEvents} events tell of ${lateAnswers} late answers`);
  }

  #checkStored(tab: Tab, before: string | null, after: string | null): void {
    const [older, newer] = [readStored(before), readStored(after)];
    this.#note(`${tab.name} ${newer ? `stores ${this.#describe(newer)}` : "empties the storage"}`);
    const [known, next] = [this.#known.get(older ?? ""), this.#known.get(newer ?? "")];
    if (known && next && known.session === next.session && next.generation < known.generation) {
      this.#fail(`${tab.name} puts an older token into the storage`);
    }
    if (next && next.session !== this.#session)
      this.#fail(`${tab.name} stores a session that another one has replaced`);
    if (!next) this.#forgetting.delete(tab);
    if (next && this.#isSignedOut && !this.#isForgetting(tab))
      this.#fail(`${tab.name} stores a session after the sign-out`);
  }

  /** Whether the storage has not heard yet of a sign-out in this tab: what the tab does with it, it does in order. */
  #isForgetting(tab: Tab): boolean {
    const isEmptying = this.#browser.occurrences.some((one) => one.tab === tab && one.what === emptying);
    return isEmptying || this.#forgetting.has(tab);
  }

  #checkSignedOut(tab: Tab): void {
    if (tab.isGone) return;
    this.#note(`${tab.name} shows that nobody is signed in`);
    if (this.#isSignedOut) return;
    if (!this.#isOver) this.#fail(`${tab.name} signs out of a good session`);
  }

  // The end, when the network is well and all tabs are awake.

  async #heal(): Promise<void> {
    this.#note("the network is well again");
    for (const tab of this.#browser.living) if (tab.isParked) this.#wake(tab);
    await this.#drain();
    await this.#callFromAll();
  }

  /** Every tab gets what it asks for, or learns that the session is over; a back-off may come first. */
  async #callFromAll(): Promise<void> {
    let failed = this.#browser.living;
    for (let round = 0; round < 4 && failed.length > 0; round += 1) {
      if (round > 0) this.#advance(longestBackOff);
      const results = failed.map((tab) => ({ tab, result: this.#ask(tab) }));
      await this.#drain();
      const answers = await Promise.all(results.map(async ({ tab, result }) => ({ tab, answer: await result })));
      const expected = this.#isSignedOut || this.#isOver ? "refusal" : "answer";
      failed = answers.filter(({ answer }) => answer !== expected).map(({ tab }) => tab);
    }
    this.#expect(failed.length === 0, `${failed[0]?.name} gets no answer though the network is well`);
    const status = this.#isSignedOut || this.#isOver ? "signedOut" : "signedIn";
    const isEmpty = !holdsSession(this.#browser.stored);
    this.#expect(
      isEmpty === (status === "signedOut"),
      `the storage is ${isEmpty ? "" : "not "}empty where it is ${status}`,
    );
    for (const { name, client } of this.#browser.living) {
      const shown = client.getSnapshot().status;
      this.#expect(shown === status, `${name} shows ${shown} where it is ${status}`);
    }
    if (this.#session?.ended === null && this.#isOver) this.#tally.ranOut += 1;
  }

  async #ask(tab: Tab): Promise<"answer" | "refusal" | "network"> {
    this.#note(`${tab.name} calls`);
    try {
      await this.#browser.run(tab, () => tab.client.api.me.get.query());
      return "answer";
    } catch (error) {
      return isAuthError(error) ? "refusal" : "network";
    }
  }

  /** Lets everything arrive, the oldest first, until no tab waits for anything. */
  async #drain(): Promise<void> {
    for (;;) {
      await this.#browser.settle();
      if (this.#violation) throw this.#violation;
      const [occurrence] = this.#listDue(this.#browser.occurrences);
      const [request] = this.#browser.requests;
      if (occurrence) this.#letHappen(occurrence);
      else if (request?.answer) this.#bringAnswer(request);
      else if (request) await this.#reachService([request]);
      else return;
    }
  }

  async #expectOneRotation(): Promise<void> {
    if (this.#isSignedOut || this.#isOver || !this.#session || this.#session.isTheftUnderWay) return;
    const before = this.#session.generation;
    this.#advance(1_000);
    await this.#callFromAll();
    if (this.#isOver) return;
    const { generation } = this.#session;
    const stored = this.#known.get(readStored(this.#browser.stored) ?? "")?.generation;
    this.#expect(generation === before + 1, `${generation - before} rotations for one token that ran out`);
    this.#expect(stored === generation, "the storage has not followed");
  }

  /** The thief refreshes in step with the owner, and keeps still between. */
  async #expectTheftNoticed(): Promise<void> {
    const session = this.#session;
    for (let turn = 0; turn < 2; turn += 1) {
      if (this.#isSignedOut || this.#isOver || !this.#stolen) return;
      this.#advance(lifetimes.grace + 300);
      await this.#refreshAsThief(this.#stolen);
      this.#advance(1_000);
      await this.#callFromAll();
    }
    this.#expect(session?.ended === "refresh_token_reused", "a theft went unnoticed");
    this.#tally.theftsNoticed += 1;
  }

  /** A session that no tab keeps is ended at the service, unless the tab that should have done it crashed. */
  async #expectNothingLeftOpen(): Promise<void> {
    if (this.#hasCrashed) return;
    for (let round = 0; round < 3; round += 1) {
      this.#advance(61);
      await this.#drain();
    }
    const kept = this.#isSignedOut ? null : this.#session;
    const open = [...this.#sessions.values()].filter((one) => one !== kept && !one.isOver(this.#world.now()));
    this.#expect(open.length === 0, `${open.length} sessions are open that nobody keeps`);
  }

  #describe(refreshToken: string): string {
    const known = this.#known.get(refreshToken);
    return known ? `token ${known.generation}` : "an unknown token";
  }
}

interface Presented {
  readonly refreshToken: string;
  readonly userAgent: string | null;
}

/** Refusals of the access token itself. */
const tokenRefusals = ["token_missing", "token_invalid", "token_expired", "session_ended", "account_disabled"];

function toLoot({ refreshToken, token }: Outcome, userAgent: string): Loot | null {
  if (refreshToken === undefined) return null;
  return { refreshToken, userAgent, ...(token !== undefined && { token }) };
}

function readClaims(headers: Headers): { readonly sid: string; readonly jti: string } | undefined {
  const claims = headers.get("authorization")?.split(".")[1];
  return claims === undefined ? undefined : JSON.parse(Buffer.from(claims, "base64url").toString());
}

const describeRequest = ({ number, procedure, tab }: NetworkRequest) => `(${number}: ${procedure} of ${tab.name})`;

/** Those of the requests that present the same refresh token as the first does. */
const sameToken = (requests: readonly NetworkRequest[]) => requests.filter(({ body }) => body === requests[0]?.body);

function readStored(stored: string | null): string | null {
  return holdsSession(stored) ? (JSON.parse(stored) as { refreshToken: string }).refreshToken : null;
}

function readPresented(body: string | null): string | null {
  const input = body === null ? {} : (JSON.parse(body) as { refreshToken?: string });
  return input.refreshToken ?? null;
}

interface WireAnswer {
  readonly result?: { readonly data: { readonly token?: string; readonly refreshToken?: string } };
  readonly error?: { readonly data: { readonly reason: string | null } };
}

/** What the service answered; of a batch, the first call's. */
function readOutcome(text: string): Outcome {
  const json = JSON.parse(text) as WireAnswer | WireAnswer[];
  const answer = Array.isArray(json) ? json[0] : json;
  const { token, refreshToken } = answer?.result?.data ?? {};
  const reason = answer?.error ? (answer.error.data.reason ?? "a failure") : undefined;
  return {
    ...(token !== undefined && { token }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(reason !== undefined && { reason }),
  };
}
