// Buttons that copy the text beside them. Without access to the clipboard, they select the text.
for (const button of document.querySelectorAll("button[data-copies]")) {
    button.addEventListener("click", async () => {
        const area = document.getElementById(button.dataset.copies);
        area.select();
        await navigator.clipboard?.writeText(area.value).catch(() => {});
    });
}
