'use strict';
/**
 * Runs before the scripts of package.json and reports immediately why they cannot work: an old Node, or missing
 * dependencies or a missing build. Arguments: required files. Old syntax and CommonJS, so that old versions of Node can
 * run it.
 */
var fs = require('fs');
var path = require('path');

var root = path.join(__dirname, '..');
var needed = process.argv.slice(2);

function there(file) {
  return fs.existsSync(path.join(root, file));
}

/** Whether a version such as 20.19.0 is at least another one. */
function isAtLeast(version, least) {
  var have = version.split('.').map(Number);
  var want = least.split('.').map(Number);
  for (var i = 0; i < 3; i++) {
    if (have[i] !== want[i]) return have[i] > want[i];
  }
  return true;
}

function fault() {
  var least = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).engines.node.replace(
    '>=',
    '',
  );
  if (!isAtLeast(process.versions.node, least)) {
    return (
      'Node ' +
      process.versions.node +
      ' is too old: ' +
      least +
      ' or later is needed, 24 is recommended. ' +
      'Install it (nvm install 24), then run: npm ci'
    );
  }
  var missing = needed.filter(function (file) {
    return !there(file);
  })[0];
  if (missing === undefined) return undefined;
  if (/^node_modules/.test(missing))
    return 'The dependencies are not installed (' + missing + ' is missing). Run: npm ci';
  return (
    missing + ' is missing. Run: ' + (there('node_modules/typescript') ? '' : 'npm ci && ') + 'npm run build'
  );
}

/** Names that `.env` sets and the environment does not: only `npm start` reads that file. */
function namesLeftOut() {
  if (!there('.env')) return [];
  return fs
    .readFileSync(path.join(root, '.env'), 'utf8')
    .split('\n')
    .map(function (line) {
      return (/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*[^\s#]/.exec(line) || [])[1];
    })
    .filter(function (name) {
      return name !== undefined && !process.env[name];
    });
}

var problem = fault();
if (problem !== undefined) {
  process.stderr.write(problem + '\n');
  process.exit(1);
}
var isBuiltProgram = needed.some(function (file) {
  return /^dist/.test(file);
});
var left = isBuiltProgram ? namesLeftOut() : [];
if (left.length > 0) {
  process.stderr.write(
    '.env is not read here (only npm start reads it), and the environment lacks what it sets: ' +
      left.join(', ') +
      '. To use it: set -a; . ./.env; set +a\n',
  );
}
