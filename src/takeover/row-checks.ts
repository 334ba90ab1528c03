type Row = Readonly<Record<string, unknown>>;

/** How the index and the reservation know an email. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** What keeps an account row from being read; empty where nothing does. */
export function unreadableUser(row: Row): string[] {
  return [
    ...strings(row, ['user_id', 'email', 'password_hash', 'key_salt']),
    ...numbers(row, ['created_at']),
    ...(typeof row['key_salt'] === 'string' && Buffer.from(row['key_salt'], 'base64').length !== 32
      ? ['key_salt is not 32 bytes in base64']
      : []),
  ];
}

/** What keeps an audio-file row from being read; empty where nothing does. */
export function unreadableAudioFile(row: Row): string[] {
  const optional = ['file_size', 'recorded_at'].filter(
    (name) => row[name] !== undefined && row[name] !== null,
  );
  return [...strings(row, ['file_id', 'user_id', 's3_key']), ...numbers(row, ['uploaded_at', ...optional])];
}

function strings(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => typeof row[name] !== 'string' || row[name] === '')
    .map((name) => `${name} is ${row[name] === undefined ? 'missing' : 'no text'}`);
}

function numbers(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => typeof row[name] !== 'number')
    .map((name) => `${name} is ${row[name] === undefined ? 'missing' : 'no number'}`);
}
