#!/usr/bin/env node
// The image's health check: 0 where the service of this container says that it scores. No curl in the image.
const url = `http://127.0.0.1:${process.env.PORT || 8000}/health`;
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
  process.stdout.write(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
