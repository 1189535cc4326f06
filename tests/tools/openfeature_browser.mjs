// Evaluates a flag with OpenFeature's SDK for browsers, and again whenever the server says that something changed.
//   node openfeature_browser.mjs BASE_URL TOKEN TARGETING_KEY KEY
import { createRequire } from 'node:module';
const require = createRequire(process.env.OPENFEATURE_MODULES + '/');
const { OpenFeature, ProviderEvents } = require('@openfeature/web-sdk');
const { OFREPWebProvider } = require('@openfeature/ofrep-web-provider');
const { EventSource } = require('eventsource');

const [baseUrl, token, targetingKey, key] = process.argv.slice(2);
let opened;
const listening = new Promise((resolve) => { opened = resolve; });
globalThis.EventSource = class extends EventSource {
  constructor(url) {
    super(url);
    this.addEventListener('open', opened);
  }
};
const say = () => {
  const { value, variant, errorCode } = OpenFeature.getClient().getStringDetails(key, 'DEFAULT');
  console.log(JSON.stringify({ value, variant, errorCode }));
};
await OpenFeature.setContext({ targetingKey });
const provider = new OFREPWebProvider({ baseUrl, headers: [['Authorization', `Bearer ${token}`]], pollInterval: 0 });
await OpenFeature.setProviderAndWait(provider);
say();
await listening;
console.log('listening');
OpenFeature.getClient().addHandler(ProviderEvents.ConfigurationChanged, say);
