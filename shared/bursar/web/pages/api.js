// The API, as whoever has signed in. What it refuses is a Problem, in its own words.

import { token, forget } from "./session.js";

export class Problem extends Error {
  constructor(status, detail, errors = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);

async function call(method, path, body) {
  const headers = { Accept: "application/json", Authorization: `Bearer ${token()}` };
  const asked = { method, headers, cache: "no-store", credentials: "omit", redirect: "error" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    asked.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, asked);
  } catch {
    throw new Problem(0, "No answer came: the network or the service is down.");
  }
  if (answer.status === 401) forget();
  let told = {};
  try {
    told = await answer.json();
  } catch {
    // something before the API answered; its status is all there is
  }
  if (!answer.ok) {
    const detail = told.detail ?? told.message ?? `The service answered ${answer.status}.`;
    throw new Problem(answer.status, detail, told.errors);
  }
  return told;
}
