// A site of scimmy-routers, with its people in memory; its arguments are a port and a token.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [port, token] = process.argv.slice(2);
let last = 0;
for (const kind of ["User", "Group"]) {
    const kept = new Map();
    SCIMMY.Resources.declare(SCIMMY.Resources[kind], {
        ingress: (resource, data) => {
            const id = resource.id ?? String(++last);
            kept.set(id, {...JSON.parse(JSON.stringify(data)), id});
            return kept.get(id);
        },
        egress: ({id, filter}) => {
            const found = [...kept.values()];
            if (!id) return filter ? filter.match(found) : found;
            if (!kept.has(id)) throw new SCIMMY.Types.Error(404, null, "there is no such resource");
            return kept.get(id);
        },
        degress: ({id}) => kept.delete(id),
    });
}
const handler = (request) => {
    if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("no token");
    return "1";
};
express().use("/scim/v2", new SCIMMYRouters({type: "bearer", handler})).listen(Number(port), "127.0.0.1");
