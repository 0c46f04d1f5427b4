import Scheduling
import TestSupport
import Testing

struct FlowPlanTests {
    @Test(arguments: ["h", "h\na h:success", "h\na h:success\nb a:failure h:done\nc", "_x.y-z\n0 _x.y-z:success"])
    func aPlanIsReadAsItWasWritten(text: String) {
        #expect(FlowPlan(text: text)?.text == text)
    }

    @Test(arguments: ["", "\n", "two words", "h\na h", "h\na h:never", "h\na h:success:x", "h\n-a", "h\na :success", "-h"])
    func anythingElseIsNoPlan(text: String) {
        #expect(FlowPlan(text: text) == nil)
    }
}
