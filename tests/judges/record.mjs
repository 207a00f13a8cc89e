// Makes calls one after another and prints, as JSON, what each of them answered: {"value": …} or {"error": "…"}.
const SLOWEST_MS = 30_000;

function overdue(name) {
  return new Promise((_, fail) => setTimeout(() => fail(new Error(`${name} did not answer`)), SLOWEST_MS).unref());
}

export async function record(calls) {
  const answers = {};
  for (const [name, call] of Object.entries(calls)) {
    try {
      answers[name] = { value: (await Promise.race([call(), overdue(name)])) ?? null };
    } catch (error) {
      answers[name] = { error: String(error.message ?? error) };
    }
  }
  process.stdout.write(`${JSON.stringify(answers)}\n`, () => process.exit(0));
}
