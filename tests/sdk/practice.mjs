// Practice as a program of its own, and the control API with which a check plays the customers.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts `program` in a folder of its own; `end` ends it and removes the folder. */
export function start(program, ...options) {
  return startIn(mkdtempSync(join(tmpdir(), "mianfu-sdk-")), program, ...options);
}

/** The same in a folder that may be there already; `stop` ends it and leaves the folder. */
export async function startIn(state, program, ...options) {
  const child = spawn(program, ["--state", state, "--seed", "7", "--until-stdin-closes", ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`practice ended with ${code}`)));
  });
  const stop = () => {
    child.stdin.end();
    return ended;
  };
  const end = async () => {
    const code = await stop();
    rmSync(state, { recursive: true });
    return code;
  };
  return { announced: JSON.parse(line), state, stop, end };
}

export const read = (file) => readFileSync(file, "utf8");

/** Returns the notices that are due about an order. */
export async function notices(announced, out_trade_no) {
  const due = await (await fetch(`${announced.control}/notices`)).json();
  const about = ({ payment, end, refund }) => (payment ?? end ?? refund).out_trade_no;
  return due.filter((notice) => about(notice.about) === out_trade_no);
}

/** Sends one order to the control API and returns what it says. */
export async function control(announced, path, body) {
  const response = await fetch(`${announced.control}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}
