import { readFileSync } from 'node:fs';

/** `ops/prices.json`: dollars, with the date on which they were looked up. */
export interface Prices {
  date: string;
  region: string;
  dynamodb: {
    readUnitsPerMillion: number;
    writeUnitsPerMillion: number;
    storagePerGbMonth: number;
    pointInTimeRecoveryPerGbMonth: number;
  };
  postgres: { instance: string; perHour: number; storageGb: number }[];
  postgresStoragePerGbMonth: number;
  redis: { node: string; perHour: number };
  olderBackend: { published: Record<'low' | 'medium' | 'high', Record<'dynamodb' | 'postgres', number[]>> };
}

export const HOURS_PER_MONTH = 730;

export function readPrices(): Prices {
  const file = new URL('../../ops/prices.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Prices;
}
