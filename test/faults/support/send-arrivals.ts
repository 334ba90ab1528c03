/** Sends {@link Arrivals} (JSON) from a process of its own, with the niceness given, and prints what came of them as JSON. */
import { setPriority } from 'node:os';
import { type Arrivals, sendArrivals } from './arrivals.js';

const [, , arrivals = '', niceness = '0'] = process.argv;
setPriority(Number(niceness));
const answered = await sendArrivals(JSON.parse(arrivals) as Arrivals);
process.stdout.write(`${JSON.stringify(answered)}\n`);
