import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from "@tanstack/react-router";
import { type ReactElement, useEffect } from "react";
import { Frame } from "./frame/frame.tsx";
import { findPlaces } from "./frame/places.ts";
import { BackPage } from "./frame/whole-pages.tsx";
import { fill, useTexts } from "./language.tsx";
import { Fault } from "./parts/state.tsx";
import { consolePath } from "./service.ts";
import { SessionGate, useSession } from "./session.tsx";
import { tellBack } from "./tab-messages.ts";

const root = createRootRoute({ component: Outlet });

/** Everything that needs somebody. */
const gate = createRoute({
  getParentRoute: () => root,
  id: "gate",
  component: () => (
    <SessionGate>
      <Frame />
    </SessionGate>
  ),
});

/** Nobody has to be asked here: the tab that opened this one does that. */
const back = createRoute({ getParentRoute: () => root, path: "/back", component: Back });

function Back(): ReactElement {
  useEffect(tellBack, []);
  return <BackPage />;
}

const home = createRoute({ getParentRoute: () => gate, path: "/", component: Home });

function Home(): ReactElement | null {
  const [first] = findPlaces(useSession().permissions);
  return first ? <Navigate to={first.to} replace /> : null;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Only what there is: an address says no more than it has to. */
function pick<Name extends string>(
  search: Record<string, unknown>,
  names: readonly Name[],
): { [Key in Name]?: string } {
  const found = names.flatMap((name) => {
    // The router reads a number out of what is one.
    const value = text(typeof search[name] === "number" ? String(search[name]) : search[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found) as { [Key in Name]?: string };
}

export const peopleRoute = createRoute({
  getParentRoute: () => gate,
  path: "/people",
  validateSearch: (search: Record<string, unknown>) => pick(search, ["by", "status", "group"]),
  component: lazyRouteComponent(() => import("./people/people-page.tsx"), "PeoplePage"),
});

export const personRoute = createRoute({
  getParentRoute: () => gate,
  path: "/people/$id",
  component: lazyRouteComponent(() => import("./people/person-page.tsx"), "PersonPage"),
});

const imported = createRoute({
  getParentRoute: () => gate,
  path: "/people/imported",
  component: lazyRouteComponent(() => import("./people/imported-page.tsx"), "ImportedPage"),
});

export const groupsRoute = createRoute({
  getParentRoute: () => gate,
  path: "/groups",
  component: lazyRouteComponent(() => import("./groups/groups-page.tsx"), "GroupsPage"),
});

export const auditRoute = createRoute({
  getParentRoute: () => gate,
  path: "/audit",
  validateSearch: (search: Record<string, unknown>) => pick(search, ["person", "actor", "event", "from", "until"]),
  component: lazyRouteComponent(() => import("./audit/audit-page.tsx"), "AuditPage"),
});

const overview = createRoute({
  getParentRoute: () => gate,
  path: "/overview",
  component: lazyRouteComponent(() => import("./overview/overview-page.tsx"), "OverviewPage"),
});

const messages = createRoute({
  getParentRoute: () => gate,
  path: "/messages",
  component: lazyRouteComponent(() => import("./messages/messages-page.tsx"), "MessagesPage"),
});

const keys = createRoute({
  getParentRoute: () => gate,
  path: "/keys",
  component: lazyRouteComponent(() => import("./keys/keys-page.tsx"), "KeysPage"),
});

const settings = createRoute({
  getParentRoute: () => gate,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/settings-page.tsx"), "SettingsPage"),
});

const health = createRoute({
  getParentRoute: () => gate,
  path: "/health",
  component: lazyRouteComponent(() => import("./health/health-page.tsx"), "HealthPage"),
});

function NotFound(): ReactElement {
  const texts = useTexts();
  // Has it drawn anew on the way from one such page to another.
  nowhere.useParams();
  return (
    <div className="page">
      <h1>{texts.notFound.title}</h1>
      <p>{fill(texts.notFound.lead, { path: location.pathname })}</p>
    </div>
  );
}

/** Inside the frame, so that there is a way on. */
const nowhere = createRoute({ getParentRoute: () => gate, path: "$", component: NotFound });

export const router = createRouter({
  basepath: consolePath || "/",
  routeTree: root.addChildren([
    back,
    gate.addChildren([
      ...[home, overview, peopleRoute, imported, personRoute, groupsRoute, messages, auditRoute],
      ...[keys, settings, health, nowhere],
    ]),
  ]),
  defaultErrorComponent: ({ error }) => <Fault error={error} onRetry={() => location.reload()} />,
  scrollRestoration: true,
  // As a form does it, so that an address can be read and typed.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const query = new URLSearchParams(
      Object.entries(search).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    );
    return query.size > 0 ? `?${query}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  /**
   * What is kept with an entry of the browser's history, and stands in no address: what somebody typed about others, which would be in logs,
   * bookmarks and shared links.
   */
  interface HistoryState {
    /** The name, number or address that people are searched by. */
    q?: string | undefined;
    /** The IP address that events are searched by. */
    address?: string | undefined;
  }
}
