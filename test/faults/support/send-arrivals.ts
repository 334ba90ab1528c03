/** Sends {@link Arrivals} (JSON, the only argument) from a process of its own, and prints what came of them as JSON. */
import { type Arrivals, sendArrivals } from './arrivals.js';

const answered = await sendArrivals(JSON.parse(process.argv[2] ?? '') as Arrivals);
process.stdout.write(`${JSON.stringify(answered)}\n`);
