/** Why there is no camera, by the name of the browser's error, and what to do. */
export function cameraSentence(error: string): string {
  switch (error) {
    case "NotAllowedError":
      return "The camera was not allowed: allow it for this page in the browser's settings, or choose a photo instead.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No camera was found: connect one, or choose a photo instead.";
    case "NotReadableError":
      return "The camera is in use by another program: close that, or choose a photo instead.";
    case "insecure":
      return "The browser gives the camera only to pages opened through https or on this machine: choose a photo instead.";
    default:
      return `The camera could not be opened (${error}): choose a photo instead.`;
  }
}

/** Opens the camera, the one at the back where there are two; a sentence where there is none. */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Error(cameraSentence("insecure"));
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } } }).catch((error: DOMException) => {
    throw new Error(cameraSentence(error.name));
  });
}

export function stopCamera(stream: MediaStream | undefined): void {
  stream?.getTracks().forEach((track) => track.stop());
}
