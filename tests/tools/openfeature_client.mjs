// Evaluates flags with OpenFeature's own SDK and OFREP provider; what it finds goes to stdout as JSON.
//   node openfeature_client.mjs BASE_URL TOKEN TARGETING_KEY STRING_KEY OBJECT_KEY
import { createRequire } from 'node:module';
const require = createRequire(process.env.OPENFEATURE_MODULES + '/');
const { OpenFeature } = require('@openfeature/server-sdk');
const { OFREPProvider } = require('@openfeature/ofrep-provider');

const [baseUrl, token, targetingKey, stringKey, objectKey] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [['Authorization', `Bearer ${token}`]] }));
const client = OpenFeature.getClient();
const context = targetingKey ? { targetingKey } : {};
const found = {
  string: await client.getStringDetails(stringKey, 'DEFAULT', context),
  object: await client.getObjectDetails(objectKey, { none: true }, context),
};
process.stdout.write(JSON.stringify(found));
