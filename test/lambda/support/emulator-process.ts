/** An emulator in a process of its own, which a test kills: prints its URL and waits. */
import { startEmulator } from '../../../scripts/lambda/emulator.js';
import type { OrphanGuard } from '../../../scripts/lambda/mortal-process.js';

const [handlerFile = '', orphanGuard] = process.argv.slice(2);
const { url } = await startEmulator({
  handlerFile,
  exportName: 'handler',
  mode: 'buffered',
  orphanGuard: orphanGuard as OrphanGuard,
});
process.stdout.write(`${url}\n`);
