/** A call of each route of SCIM, for the test of all rights: about what is not there, or of a form that is refused. */
import type { RouteName } from "../contract/index.ts";

export function scimCalls(missing: string): Partial<Record<RouteName, object>> {
  return {
    ...{ scimConfig: {}, scimResourceTypes: {}, scimSchemas: {}, scimListUsers: {}, scimListGroups: {} },
    ...{ scimResourceType: { params: { id: "User" } }, scimSchema: { params: { id: missing } } },
    ...{ scimAddUser: { body: {} }, scimAddGroup: { body: {} } },
    ...{ scimShowUser: { params: { id: missing } }, scimShowGroup: { params: { id: missing } } },
    ...{ scimReplaceUser: { params: { id: missing }, body: {} }, scimPatchUser: { params: { id: missing }, body: {} } },
    ...{ scimReplaceGroup: { params: { id: missing }, body: {} } },
    ...{ scimPatchGroup: { params: { id: missing }, body: {} } },
    ...{ scimDeleteUser: { params: { id: missing } }, scimDeleteGroup: { params: { id: missing } } },
  };
}
