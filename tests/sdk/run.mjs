// Other people's SDKs as clients of practice: the official one of Alipay, and two of WeChat Pay.
//
// Usage: node run.mjs PATH_OF_MIANFU_PRACTICE
//
// Practice does its own cryptography and so does each SDK; that they understand each other says
// that practice speaks the channels' protocols and not one of our own. Every answer is verified by
// the SDK that asked. Ends with a line `N passed, N failed` and with failure if anything failed.

import { alipay } from "./alipay.mjs";
import { wechatBills } from "./wechat_bills.mjs";
import { wechatV2 } from "./wechat_v2.mjs";
import { wechatV3 } from "./wechat_v3.mjs";

const program = process.argv[2];
if (!program) {
  console.error("usage: node run.mjs PATH_OF_MIANFU_PRACTICE");
  process.exit(2);
}

let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}

for (const channel of [alipay, wechatV3, wechatV2, wechatBills]) await channel(program, check);

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
