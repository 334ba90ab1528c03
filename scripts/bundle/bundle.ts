/**
 * The second half of `npm run build`: makes one file of `dist/main.js` and all that it imports, which takes a third of the time
 * to load. It starts from what `tsc` wrote, since Nest wants the metadata of decorators, which esbuild does not emit.
 */
import { makeBundle } from './make-bundle.js';
import { SERVER_FOLDER } from './options.js';

await makeBundle('dist/main.js', `${SERVER_FOLDER}/main.js`);
