import Bowser from 'bowser';

/** A longer user agent is truncated before it is parsed. */
const READ_LIMIT = 512;
const NAME_LIMIT = 80;

/**
 * A name by which users recognize their device: "Chrome on Windows", "Safari on iPhone"; for an app the name in its
 * user agent ("Recorder 2.1"). Without control characters.
 */
export function deviceName(userAgent: string | undefined): string {
  const text = (userAgent ?? '')
    .slice(0, READ_LIMIT)
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  if (text === '') return 'Unknown device';
  const { browser, os, platform } = Bowser.parse(text);
  const app = /^([^/(]+)(?:\/(\d+(?:\.\d+)?))?/.exec(text);
  // Every browser starts with Mozilla. For an app Bowser would return "Android Browser" or "Recorder/2.1.7 CFNetwork".
  const isBrowser = /^(Mozilla|Opera)\//.test(text);
  const name = (isBrowser && browser.name) || [app?.[1]?.trim(), app?.[2]].filter(Boolean).join(' ');
  const device = platform.model || os.name;
  return [name || 'Unknown app', device].filter(Boolean).join(' on ').slice(0, NAME_LIMIT);
}
