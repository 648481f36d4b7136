import PratiqueCommands

/// The program for people: scan an image, run everything on one machine, and talk to a running Pratique.
@main
enum Main {
    static func main() async { await Pratique.main() }
}
