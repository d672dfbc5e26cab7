/** Small settings that outlast a visit. Where storage is closed to this page they last for the visit only. */

export function savePreference(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage is closed to this page: the setting lasts for this visit.
  }
}

export function loadPreference(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Whether settings outlast a visit: in a frame with storage blocked they do not. */
export function canSavePreferences(): boolean {
  try {
    const key = "alexnet-lab-storage-test";
    localStorage.setItem(key, "1");
    localStorage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}
