const KEY = "alexnet-lab-tab";

/** A name for this tab that survives its reload, so that two tabs do not take each other's runs. */
export function tabName(): string {
  const fresh = [...crypto.getRandomValues(new Uint32Array(2))].map((word) => word.toString(36)).join("");
  try {
    const name = sessionStorage.getItem(KEY) ?? fresh;
    sessionStorage.setItem(KEY, name);
    return name;
  } catch {
    // Storage is closed to this page: the run can be resumed in this visit only.
    return fresh;
  }
}
