import { lazy, useMemo, type ReactNode } from "react";
import { Redirect } from "wouter";
import type { Session } from "../session.ts";
import { scopeOfPathname } from "./layers.ts";

const LayerPage = lazy(() => import("./layer-page.tsx"));
const EditPage = lazy(() => import("./edit-page.tsx"));

interface LayerRouteProps {
  readonly session: Session;
  readonly page?: string | undefined;
}

/** A layer of policies, or writing what it says. */
export default function LayerRoute({ session, page }: LayerRouteProps): ReactNode {
  const { pathname } = location;
  const scope = useMemo(() => scopeOfPathname(pathname), [pathname]);
  if (scope === undefined) return <Redirect to="/policies" replace />;
  const props = { session, scope };
  return page === "edit" ? <EditPage key={pathname} {...props} /> : <LayerPage key={pathname} {...props} />;
}
