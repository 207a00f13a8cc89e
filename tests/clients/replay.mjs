// Makes the calls of a file with fetch, as clients written in JavaScript do, and prints the answers.
// Usage: node replay.mjs BASE_URL CALLS.json

import { readFileSync } from 'node:fs';

const [base, file] = process.argv.slice(2);
const kept = {};
const answers = [];

for (const { method, path, query, body, keep } of JSON.parse(readFileSync(file, 'utf-8'))) {
  const where = path.replace(/\{(\w+)\}/, (_, name) => kept[name]);
  const url = query ? `${base}${where}?${new URLSearchParams(query)}` : base + where;
  const options = { method };
  if (body !== undefined) {
    options.headers = { 'Content-Type': 'application/json' };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(url, options);
  const answer = await response.json();
  if (keep) kept[keep] = answer.data.task_ids[0];
  answers.push({ status: response.status, body: answer });
}

console.log(JSON.stringify(answers));
