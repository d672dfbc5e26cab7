/** Small choices that outlast a visit. Where storage is closed to this page they hold for the visit alone. */

export function savePreference(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Closed: there is nothing to do about it.
  }
}

export function loadPreference(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
