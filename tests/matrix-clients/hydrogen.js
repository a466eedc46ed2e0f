// SPDX-License-Identifier: MIT
// One room as Hydrogen shows it. The address says whose, and where: ?homeserver=URL&user=NAME&password=WORD&room=ID
import { Client, FeatureSet, LoadStatus, Platform, RoomViewModel, TimelineView, createNavigation, createRouter,
         viewClassForTile } from "hydrogen-view-sdk";

const asked = new URLSearchParams(location.search);
const paths = {
  downloadSandbox: "/assets/download-sandbox.html",
  worker: "/assets/main.js",
  olm: { wasm: "/olm/olm.wasm", legacyBundle: "/olm/olm_legacy.js", wasmBundle: "/olm/olm.js" },
  serviceWorker: "sw.js",
};

async function show() {
  const app = document.querySelector("#app");
  const platform = new Platform({ container: app, assetPaths: paths, config: {}, options: { development: false } });
  const navigation = createNavigation();
  platform.setNavigation(navigation);
  await platform.init();
  const urlRouter = createRouter({ navigation, history: platform.history });
  urlRouter.attach();
  const client = new Client(platform);
  const login = await client.queryLogin(asked.get("homeserver")).result;
  client.startWithLogin(login.password(asked.get("user"), asked.get("password")));
  const ended = [LoadStatus.Ready, LoadStatus.Error, LoadStatus.LoginFailed];
  await client.loadStatus.waitFor((status) => ended.includes(status)).promise;
  if (client.loginFailure || client.loadError)
    throw client.loadError || new Error(`login: ${client.loginFailure}`);
  const session = client.session;
  const model = new RoomViewModel({ room: session.rooms.get(asked.get("room")), ownUserId: session.userId, platform, urlRouter,
                                    navigation, features: await FeatureSet.load(platform.settingsStorage) });
  await model.load();
  app.appendChild(new TimelineView(model.timelineViewModel, viewClassForTile).mount());
  document.body.dataset.state = "shown";
}

show().catch((error) => {
  document.body.dataset.state = "failed";
  document.body.dataset.why = String(error && error.stack || error);
});
